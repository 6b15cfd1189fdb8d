# SPDX-License-Identifier: AGPL-3.0-or-later
"""The columns of each sheet, and the words in its cells, in the languages in which groups write them."""

from collections.abc import Collection, Mapping
from enum import Enum
from functools import lru_cache
from typing import TypeVar
from unicodedata import combining, normalize

from protocol.practices.chains.engine.chain import HOUSEHOLDS
from protocol.practices.chains.entries import EnterpriseStatus, SegmentKind, SupplyEvidence
from protocol.practices.chains.supply import OUTSIDE
from protocol.practices.market.units import Language

Meant = TypeVar("Meant")

SHEETS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(needed.split()), frozenset((needed + " " + other).split()))
    for name, needed, other in (
        ("rates", "currency rate", "source day"),
        (
            "enterprises",
            "key",
            "name isic segments status evidence latitude longitude member turnover wages surplus currency",
        ),
        ("relations", "buyer item value", "supplier quantity unit currency period evidence source"),
        ("recipes", "key item pledged wages surplus investment", "name buys minimum capacity hours currency"),
        ("criteria", "enterprise criterion", "value day source"),
        ("households", "household item value", "supplier quantity unit currency period times"),
    )
}
"""Of each sheet, the columns that it must have and those that it may have."""

SHEET_LANGUAGES: tuple[Language, ...] = ("en", "es", "pt", "fr")
SheetNames = tuple[str, str, str, str, str]
"""What something is called in these languages, and what else people write, commas between."""

COLUMN_NAMES: Mapping[str, SheetNames] = {
    "key": ("key", "clave", "chave", "clé", "id, handle, short name"),
    "name": ("name", "nombre", "nome", "nom", ""),
    "isic": ("isic", "ciiu", "cnae", "citi", "isic class"),
    "segments": ("segments", "segmentos", "segmentos", "segments", "segment, segmento"),
    "status": ("status", "situación", "situação", "statut", "estado"),
    "evidence": ("evidence", "evidencia", "evidência", "preuve", "evidencias, evidências, prueba, prova"),
    "latitude": ("latitude", "latitud", "latitude", "latitude", "lat"),
    "longitude": ("longitude", "longitud", "longitude", "longitude", "lon, lng"),
    "member": ("member", "miembro", "membro", "membre", "socio, sócio"),
    "turnover": ("turnover", "facturación", "faturamento", "chiffre d'affaires", "ventas, vendas, ventes"),
    "wages": ("wages", "salarios", "salários", "salaires", "sueldos, remuneración, remuneração"),
    "surplus": ("surplus", "excedente", "excedente", "excédent", "sobras"),
    "currency": ("currency", "moneda", "moeda", "monnaie", "devise"),
    "buyer": ("buyer", "comprador", "comprador", "acheteur", "compradora"),
    "item": ("item", "producto", "produto", "produit", "product, artículo, article"),
    "value": ("value", "valor", "valor", "valeur", "importe, montant"),
    "supplier": ("supplier", "proveedor", "fornecedor", "fournisseur", "proveedora, fornecedora"),
    "quantity": ("quantity", "cantidad", "quantidade", "quantité", ""),
    "unit": ("unit", "unidad", "unidade", "unité", ""),
    "period": ("period", "mes", "mês", "mois", "month, periodo, período, période"),
    "source": ("source", "fuente", "fonte", "source", "origen, origem"),
    "pledged": ("pledged", "comprometido", "comprometido", "engagé", "compromiso, compromisso"),
    "investment": ("investment", "inversión", "investimento", "investissement", ""),
    "buys": ("buys", "compra", "compra", "achats", "compras"),
    "minimum": ("minimum", "mínimo", "mínimo", "minimum", "escala mínima, échelle minimum"),
    "capacity": ("capacity", "capacidad", "capacidade", "capacité", ""),
    "hours": ("hours", "horas", "horas", "heures", ""),
    "enterprise": ("enterprise", "emprendimiento", "empreendimento", "entreprise", "empresa"),
    "criterion": ("criterion", "criterio", "critério", "critère", ""),
    "day": ("day", "fecha", "data", "date", "dia, día"),
    "household": ("household", "hogar", "domicílio", "foyer", "familia, família, ménage"),
    "times": (
        "times",
        "veces",
        "vezes",
        "fois",
        "households, hogares, familias, famílias, domicílios, ménages, foyers",
    ),
    "rate": ("rate", "tasa", "taxa", "taux", "cambio, câmbio"),
}
WORD_NAMES: Mapping[type[Enum], Mapping[Enum, SheetNames]] = {
    EnterpriseStatus: {
        EnterpriseStatus.SOLIDARITY: ("solidarity", "solidaria", "solidário", "solidaire", "solidária, solidario"),
        EnterpriseStatus.TRANSITION: (
            "transition", "transición", "transição", "transition",
            "in transition, en transición, em transição, en transition",
        ),
        EnterpriseStatus.OUTSIDE: ("outside", "fuera", "fora", "dehors", "externa, externo, extérieur"),
    },
    SegmentKind: {
        SegmentKind.CONSUMPTION: ("consumption", "consumo", "consumo", "consommation", ""),
        SegmentKind.COMMERCE: ("commerce", "comercio", "comércio", "commerce", ""),
        SegmentKind.SERVICE: ("service", "servicio", "serviço", "service", "services, servicios, serviços"),
        SegmentKind.PRODUCTION: ("production", "producción", "produção", "production", ""),
        SegmentKind.CREDIT: ("credit", "crédito", "crédito", "crédit", ""),
    },
    SupplyEvidence: {
        SupplyEvidence.DECLARED: ("declared", "declarado", "declarado", "déclaré", "declarada"),
        SupplyEvidence.INVOICE: ("invoice", "factura", "nota fiscal", "facture", "nota, fatura"),
    },
}  # fmt: skip
WHO_NAMES: Mapping[str, SheetNames] = {
    HOUSEHOLDS: ("households", "hogares", "famílias", "ménages", "familias, lares, domicílios, foyers"),
    OUTSIDE: ("outside", "fuera", "fora", "dehors", "extérieur"),
}


@lru_cache(maxsize=4_096)
def plain_word(text: str) -> str:
    """Return a word without what people write differently: case, accents, underscores, spaces around."""
    letters = (one for one in normalize("NFD", text.lower().replace("_", " ")) if not combining(one))
    return " ".join("".join(letters).split())


def _by_word(names: Mapping[Meant, SheetNames]) -> Mapping[str, Meant]:
    return {
        plain_word(word): meant
        for meant, (*called, others) in names.items()
        for word in (*called, *others.split(", "))
        if word
    }


_COLUMN_BY_WORD = _by_word(COLUMN_NAMES)
_WHO_BY_WORD = _by_word(WHO_NAMES)
_MEANT = {kind: _by_word(names) for kind, names in WORD_NAMES.items()}


def language_of(headers: Collection[str], default: Language) -> Language:
    """Return the language of most of the headers of a sheet; the default one where several are as good."""
    words = {plain_word(one) for one in headers}

    def fits(language: Language) -> tuple[int, bool]:
        at = SHEET_LANGUAGES.index(language)
        return len(words & {plain_word(names[at]) for names in COLUMN_NAMES.values()}), language == default

    return max(SHEET_LANGUAGES, key=fits)


def columns_said(sheet: str, language: Language) -> str:
    """Return the columns that a sheet may have, as they are called in a language."""
    at = SHEET_LANGUAGES.index(language)
    return ", ".join(sorted(COLUMN_NAMES[one][at] for one in SHEETS[sheet][1]))


def words_said(kind: type[Enum], language: Language) -> str:
    """Return the words that a cell may have, as they are in a language."""
    at = SHEET_LANGUAGES.index(language)
    return ", ".join(names[at] for names in WORD_NAMES[kind].values())


def column_of(sheet: str, header: str) -> str | None:
    """Return which column of a sheet a header means; None where it has no such one."""
    word = plain_word(header)
    found = _COLUMN_BY_WORD.get(word)
    if sheet == "households" and word == "households":
        found = "times"
    return found if found in SHEETS[sheet][1] else None


def meant_by(kind: type[Enum], word: str) -> Enum | None:
    """Return the word of ours that a cell means, None where it means none."""
    return _MEANT[kind].get(plain_word(word))


def who_is(text: str) -> str:
    """Return a buyer or supplier as we name it: households and outside in English, whatever language says it."""
    return _WHO_BY_WORD.get(plain_word(text), text)
