# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pictures, tables and the assembly's sheet say, in the four languages, and how numbers are written in each."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

PictureLanguage = Literal["es", "pt", "en", "fr"]
PICTURE_LANGUAGES: tuple[PictureLanguage, ...] = ("es", "pt", "en", "fr")

_MARKS: Mapping[str, tuple[str, str]] = {"es": (".", ","), "pt": (".", ","), "en": (",", "."), "fr": ("\u00a0", ",")}
"""What stands between thousands, and before decimals."""

_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    # Spanish, Portuguese, English, French.
    "inside": ("dentro", "dentro", "inside", "dedans"),
    "transition": ("en transición", "em transição", "in transition", "en transition"),
    "outside": ("fuera", "fora", "outside", "dehors"),
    "stays": ("se queda", "fica", "stays", "reste"),
    "leaves": ("se va", "sai", "leaves", "sort"),
    "wages": ("ingresos", "renda", "income", "revenus"),
    "surplus": ("excedente", "excedente", "surplus", "excédent"),
    "sold_outside": ("vendido fuera", "vendido fora", "sold outside", "vendu dehors"),
    "households": ("Hogares", "Casas", "Households", "Ménages"),
    "consumption": ("Consumo", "Consumo", "Consumption", "Consommation"),
    "commerce": ("Comercio", "Comércio", "Commerce", "Commerce"),
    "service": ("Servicio", "Serviço", "Service", "Service"),
    "production": ("Producción", "Produção", "Production", "Production"),
    "credit": ("Crédito", "Crédito", "Credit", "Crédit"),
    "nobody": ("nadie todavía", "ninguém ainda", "nobody yet", "personne encore"),
    "more": ("y {count} más", "e mais {count}", "and {count} more", "et {count} autres"),
    "others": ("otros", "outros", "others", "autres"),
    "missing_named": ("falta: {name}", "falta: {name}", "missing: {name}", "il manque : {name}"),
    "today": ("Hoy", "Hoje", "Today", "Aujourd’hui"),
    "then": ("Después", "Depois", "Then", "Ensuite"),
    "all": ("Toda la red", "Toda a rede", "The whole network", "Tout le réseau"),
    "value": ("valor", "valor", "value", "valeur"),
    "who": ("quién", "quem", "who", "qui"),
    "to_whom": ("a quién", "a quem", "to whom", "à qui"),
    "what": ("qué", "o quê", "what", "quoi"),
    "step": ("paso", "passo", "step", "étape"),
    "share": ("parte dentro", "parte dentro", "share inside", "part dedans"),
    "tree_title": (
        "1,00 gastado en {name}, seguido hacia atrás", "1,00 gasto em {name}, seguido até a origem",
        "1.00 spent at {name}, followed upstream", "1,00 dépensé chez {name}, suivi vers l’amont",
    ),
    "tree_told": (
        "De 1,00 se quedan {stays} con personas de la red y salen {leaves}.",
        "De 1,00 ficam {stays} com pessoas da rede e saem {leaves}.",
        "Of 1.00, {stays} stay with people of the network and {leaves} leave it.",
        "Sur 1,00, {stays} restent aux gens du réseau et {leaves} en sortent.",
    ),
    "segments_title": (
        "El flujo entre los cinco segmentos", "O fluxo entre os cinco segmentos",
        "The flow between the five segments", "Le flux entre les cinq segments",
    ),
    "segments_told": (
        "Lo que cae sale de la red: {leaks} de {all} al mes. Se compra dentro el {share}.",
        "O que cai sai da rede: {leaks} de {all} por mês. Compra-se dentro {share}.",
        "What falls leaves the network: {leaks} of {all} a month. {share} is bought inside.",
        "Ce qui tombe sort du réseau : {leaks} sur {all} par mois. {share} est acheté dedans.",
    ),
    "change_title": (
        "Qué cambia con {name}", "O que muda com {name}", "What changes with {name}", "Ce qui change avec {name}",
    ),
    "change_told": (
        "Se compra dentro el {after} en vez del {before}; salen {leaks_after} en vez de {leaks_before}.",
        "Compra-se dentro {after} em vez de {before}; saem {leaks_after} em vez de {leaks_before}.",
        "{after} is bought inside instead of {before}; {leaks_after} leave instead of {leaks_before}.",
        "{after} est acheté dedans au lieu de {before} ; {leaks_after} sortent au lieu de {leaks_before}.",
    ),
    "map_title": (
        "Redes y lo que compran unas de otras", "Redes e o que compram umas das outras",
        "Networks, and what they buy of each other", "Les réseaux, et ce qu’ils achètent l’un à l’autre",
    ),
    "map_told": (
        "{count} redes; el grosor es el valor al mes.", "{count} redes; a grossura é o valor por mês.",
        "{count} networks; width is value a month.", "{count} réseaux ; l’épaisseur est la valeur par mois.",
    ),
    "map_none": (
        "Ninguna red compra todavía a otra.", "Nenhuma rede compra ainda de outra.",
        "No network buys of another yet.", "Aucun réseau n’achète encore à un autre.",
    ),
    "empty": (
        "Nadie ha escrito todavía qué compra y a quién.", "Ninguém escreveu ainda o que compra e de quem.",
        "Nobody has written yet what is bought, and of whom.", "Personne n’a encore écrit ce qui s’achète, et à qui.",
    ),
    "sheet_title": (
        "A dónde va nuestro dinero", "Para onde vai o nosso dinheiro", "Where our money goes", "Où va notre argent",
    ),
    "sheet_for": (
        "Hoja para la asamblea de {network}", "Folha para a assembleia de {network}",
        "Sheet for the assembly of {network}", "Feuille pour l’assemblée de {network}",
    ),
    "sheet_sentence": (
        ("De cada {hundred} que gastan los hogares y los emprendimientos, {inside} se gastan dentro de la red. "
        "Al mes salen {leaks}, para comprar cosas de {count} tipos."),
        ("De cada {hundred} que as casas e os empreendimentos gastam, {inside} são gastos dentro da rede. "
        "Por mês saem {leaks}, para comprar {count} tipos de coisas."),
        ("Of every {hundred} that households and enterprises spend, {inside} are spent inside the network. "
        "{leaks} leave each month, for {count} sorts of things."),
        ("Sur {hundred} que dépensent ménages et entreprises, {inside} le sont dans le réseau. "
        "Chaque mois, {leaks} sortent pour {count} sortes de choses."),
    ),
    "sheet_links": ("Eslabones que faltan", "Elos que faltam", "Missing links", "Maillons manquants"),
    "sheet_no_links": (
        "Nadie ha propuesto todavía un eslabón que falta.", "Ninguém propôs ainda um elo que falta.",
        "Nobody has proposed a missing link yet.", "Personne n’a encore proposé de maillon manquant.",
    ),
    "keeps": ("Se queda al mes", "Fica por mês", "Stays a month", "Reste par mois"),
    "jobs": ("Trabajos", "Trabalhos", "Jobs", "Emplois"),
    "cost": ("Cuesta", "Custa", "Costs", "Coûte"),
    "payback": ("Se paga en meses", "Paga-se em meses", "Paid back in months", "Remboursé en mois"),
    "sheet_no_income": (
        "Trabajos: no se ha dicho con cuánto vive un miembro al mes.",
        "Trabalhos: não se disse de quanto um membro vive por mês.",
        "Jobs: nobody has said what a member lives on in a month.",
        "Emplois : personne n’a dit de combien vit un membre par mois.",
    ),
    "sheet_fund": ("Con el fondo", "Com o fundo", "With the fund", "Avec le fonds"),
    "fund_does": (
        "Con {fund}: {names}. Salen {keeps} menos al mes.", "Com {fund}: {names}. Saem {keeps} a menos por mês.",
        "With {fund}: {names}. {keeps} less leave each month.",
        "Avec {fund} : {names}. Chaque mois, {keeps} de moins sortent.",
    ),
    "fund_nothing": (
        "Con {fund} no se puede fundar ninguno todavía.", "Com {fund} ainda não se pode fundar nenhum.",
        "With {fund} none can be founded yet.", "Avec {fund}, aucun ne peut encore être fondé.",
    ),
    "sheet_decide": ("Para decidir hoy", "A decidir hoje", "To decide today", "À décider aujourd’hui"),
    "question_found": (
        "¿Fundamos {name}?", "Fundamos {name}?", "Do we found {name}?", "Fondons-nous {name} ?",
    ),
    "question_first": (
        "¿Quién escribe lo que compra fuera?", "Quem escreve o que compra fora?",
        "Who writes down what is bought outside?", "Qui note ce qui s’achète dehors ?",
    ),
    "question_buy": (
        "¿Quién promete comprarle?", "Quem promete comprar dele?", "Who promises to buy of it?",
        "Qui promet d’y acheter ?",
    ),
    "question_care": ("¿Quién se encarga?", "Quem cuida?", "Who takes care of it?", "Qui s’en charge ?"),
    "sheet_open": (
        ("Las cuentas abiertas están en el nodo de la red: mutirao chains. "
        "Las sumas por emprendimiento y por producto las ve cada miembro; las filas una por una, quien coordina."),
        ("As contas abertas estão no nó da rede: mutirao chains. "
        "As somas por empreendimento e por produto, cada membro as vê; as linhas uma a uma, quem coordena."),
        ("The open accounts are at the network's node: mutirao chains. "
        "Sums by enterprise and by item are seen by every member; single rows by who coordinates."),
        ("Les comptes ouverts sont au nœud du réseau : mutirao chains. "
        "Chaque membre voit les sommes par entreprise et par produit ; qui coordonne, les lignes une à une."),
    ),
}  # fmt: skip


def phrase_of(language: PictureLanguage, key: str, **figures: str) -> str:
    """Return what is said in a language, with its figures."""
    return _WORDS[key][PICTURE_LANGUAGES.index(language)].format(**figures)


def number_in(value: Fraction, language: PictureLanguage, *, decimals: int = 2, keep: bool = False) -> str:
    """Return a number as it is written in a language, rounded half up once; zeros at its end stand where `keep` is."""
    scaled = abs(value) * 10**decimals
    rounded = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    whole, part = divmod(rounded, 10**decimals)
    thousands, mark = _MARKS[language]
    digits = str(whole)
    if len(digits) > 4 or (language != "es" and len(digits) == 4):  # Spanish leaves four digits together.
        digits = f"{whole:,}".replace(",", thousands)
    tail = str(part).rjust(decimals, "0") if decimals else ""
    tail = tail if keep else tail.rstrip("0")
    return f"{'−' if value < 0 and rounded else ''}{digits}{mark + tail if tail else ''}"


def plain_number(text: str, language: PictureLanguage) -> str:
    """Return a number that was written in a language as a spreadsheet of any takes it: 1234.5, and 0.5225 for 52.25%.

    What is no number stays as it is.
    """
    thousands, mark = (re.escape(one) for one in _MARKS[language])
    found = re.fullmatch(rf"(−?)(\d+|\d{{1,3}}(?:{thousands}\d{{3}})+)(?:{mark}(\d+))?(\u00a0?%)?", text)
    if found is None:
        return text
    sign, whole, part, percent = (one or "" for one in found.groups())
    digits = re.sub(r"\D", "", whole)
    if percent:
        digits = digits.rjust(3, "0")
        digits, part = digits[:-2], digits[-2:] + part
    return ("-" if sign else "") + digits + (f".{part}" if part else "")


def value_in(value: Fraction, language: PictureLanguage) -> str:
    """Return a value as pictures show it: the greater it is, the fewer decimals."""
    return number_in(value, language, decimals=2 if abs(value) < 1_000 else 1 if abs(value) < 10_000 else 0)


def money_in(value: Fraction, language: PictureLanguage) -> str:
    """Return a sum of money as it is written: without decimals where it is whole, else with two."""
    is_whole = number_in(value, language) == number_in(value, language, decimals=0)
    return number_in(value, language, decimals=0 if is_whole else 2, keep=True)


def share_in(value: Fraction, language: PictureLanguage) -> str:
    """Return a part of one to three decimals, of which the last is left out where it is zero."""
    is_short = (value * 100).denominator == 1
    return number_in(value, language, decimals=2 if is_short else 3, keep=True)


def percent_in(share: Fraction, language: PictureLanguage) -> str:
    """Return a share in percent, to two decimals."""
    return number_in(share * 100, language) + ("\u00a0%" if language in ("es", "fr") else "%")
