# SPDX-License-Identifier: AGPL-3.0-or-later
"""The columns of each sheet, and the words in its cells, in the languages in which groups write them."""

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from unicodedata import combining, normalize

from protocol.practices.chains.engine.chain import HOUSEHOLDS
from protocol.practices.chains.entries import EnterpriseStatus, SegmentKind, SupplyEvidence
from protocol.practices.chains.supply import OUTSIDE

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

# What people write, by what is meant: English first, then Spanish, Portuguese, French.
_COLUMNS = {
    "key": "key, id, handle, clave, chave, cle, short name",
    "name": "name, nombre, nome, nom",
    "isic": "isic, isic class, ciiu, cnae, citi",
    "segments": "segments, segment, segmentos, segmento",
    "status": "status, estado, situacion, situacao, statut",
    "evidence": "evidence, evidencia, evidencias, prueba, prova, preuve",
    "latitude": "latitude, lat, latitud",
    "longitude": "longitude, lon, lng, longitud",
    "member": "member, miembro, socio, membro, membre",
    "turnover": "turnover, facturacion, ventas, faturamento, vendas, chiffre d'affaires, ventes",
    "wages": "wages, salarios, sueldos, salaires, remuneracion, remuneracao",
    "surplus": "surplus, excedente, sobras, excedent",
    "currency": "currency, moneda, moeda, monnaie, devise",
    "buyer": "buyer, comprador, compradora, acheteur",
    "item": "item, product, articulo, producto, produto, article, produit",
    "value": "value, valor, valeur, importe, montant",
    "supplier": "supplier, proveedor, proveedora, fornecedor, fornecedora, fournisseur",
    "quantity": "quantity, cantidad, quantidade, quantite",
    "unit": "unit, unidad, unidade, unite",
    "period": "period, month, periodo, mes, periode, mois",
    "source": "source, fuente, origen, fonte",
    "pledged": "pledged, comprometido, compromiso, compromisso, engage",
    "investment": "investment, inversion, investimento, investissement",
    "buys": "buys, compra, compras, achats",
    "minimum": "minimum, minimo, escala minima, echelle minimum",
    "capacity": "capacity, capacidad, capacidade, capacite",
    "hours": "hours, horas, heures",
    "enterprise": "enterprise, empresa, emprendimiento, empreendimento, entreprise",
    "criterion": "criterion, criterio, critere",
    "day": "day, date, fecha, dia, data",
    "household": "household, hogar, familia, domicilio, menage, foyer",
    "times": "times, households, hogares, familias, domicilios, menages, foyers",
    "rate": "rate, tasa, cambio, taxa, taux",
}
_WORDS: Mapping[type[Enum], Mapping[Enum, str]] = {
    EnterpriseStatus: {
        EnterpriseStatus.SOLIDARITY: "solidarity, solidaria, solidario, solidaire",
        EnterpriseStatus.TRANSITION: "transition, in transition, transicion, en transicion, transicao, em transicao,"
        " en transition",
        EnterpriseStatus.OUTSIDE: "outside, fuera, externa, externo, fora, exterieur, dehors",
    },
    SegmentKind: {
        SegmentKind.CONSUMPTION: "consumption, consumo, consommation",
        SegmentKind.COMMERCE: "commerce, comercio",
        SegmentKind.SERVICE: "service, services, servicio, servicios, servico, servicos",
        SegmentKind.PRODUCTION: "production, produccion, producao",
        SegmentKind.CREDIT: "credit, credito",
    },
    SupplyEvidence: {
        SupplyEvidence.DECLARED: "declared, declarado, declarada, declare",
        SupplyEvidence.INVOICE: "invoice, factura, nota, nota fiscal, fatura, facture",
    },
}
_WHO = {
    HOUSEHOLDS: "households, hogares, familias, lares, domicilios, menages, foyers",
    OUTSIDE: "outside, fuera, fora, dehors, exterieur",
}


@lru_cache(maxsize=4_096)
def plain_word(text: str) -> str:
    """Return a word without what people write differently: case, accents, underscores, spaces around."""
    letters = (one for one in normalize("NFD", text.lower().replace("_", " ")) if not combining(one))
    return " ".join("".join(letters).split())


def _by_word(words: Mapping[str, str]) -> Mapping[str, str]:
    return {word: meant for meant, all_words in words.items() for word in all_words.split(", ")}


_COLUMN_BY_WORD = _by_word(_COLUMNS)
_WHO_BY_WORD = _by_word(_WHO)
_MEANT = {
    kind: {word: meant for meant, all_words in words.items() for word in all_words.split(", ")}
    for kind, words in _WORDS.items()
}


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
