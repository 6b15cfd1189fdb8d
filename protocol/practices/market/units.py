# SPDX-License-Identifier: AGPL-3.0-or-later
"""The units in which things are offered: a closed table with exact factors, by codes of UN/CEFACT Recommendation 20.

The table is closed so that a typing mistake is refused: a library that knows every unit and prefix takes "kilos" for
kiloseconds. Names are those that people write at a fair, in Spanish, Portuguese, English, French and Catalan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Language = Literal["es", "pt", "en", "fr", "ca"]
LANGUAGES: tuple[Language, ...] = ("es", "pt", "en", "fr", "ca")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: how many of its measure's first unit it is, what it is called in print, and what people write for it."""

    code: str
    measures: str
    factor: Fraction
    symbol: str
    names: frozenset[str]


def _unit(code: str, measures: str, factor: str, symbol: str, names: str) -> Unit:
    return Unit(code, measures, Fraction(factor), symbol, frozenset(names.split(", ")))


UNITS: tuple[Unit, ...] = (
    _unit("C62", "pieces", "1", "×", "unidad, unidades, unidade, unidades, un, u, ud, uds, pieza, piezas, peça, peças,"
          " piece, pieces, pc, pcs, pièce, pièces, unité, unités, unitat, unitats, peça, peces"),
    _unit("PR", "pieces", "2", "2 ×", "par, pares, pair, pairs, paire, paires, parell, parells"),
    _unit("DZN", "pieces", "12", "12 ×", "docena, docenas, dúzia, dúzias, dz, dozen, dozens, douzaine, douzaines,"
          " dotzena, dotzenes"),
    _unit("CEN", "pieces", "100", "100 ×", "ciento, cientos, cento, centos, hundred, hundreds,"
          " centaine, centaines, centenar, centenars"),
    _unit("KGM", "mass", "1", "kg", "kg, kilo, kilos, kilogramo, kilogramos, quilo, quilos, quilograma, quilogramas,"
          " kilogram, kilograms, kilogramme, kilogrammes, quilogram, quilograms"),
    _unit("GRM", "mass", "1/1000", "g", "g, gramo, gramos, grama, gramas, gram, grams, gramme, grammes"),
    _unit("DTN", "mass", "100", "q", "quintal, quintales, quintais, quintals, quintaux"),
    _unit("TNE", "mass", "1000", "t", "t, tonelada, toneladas, tonne, tonnes, tona, tones"),
    _unit("LBR", "mass", "45359237/100000000", "lb", "lb, lbs, pound, pounds, libra, libras, livre, livres, lliura,"
          " lliures"),
    _unit("LTR", "volume", "1", "l", "l, litro, litros, liter, liters, litre, litres"),
    _unit("MLT", "volume", "1/1000", "ml", "ml, mililitro, mililitros, milliliter, milliliters, millilitre,"
          " millilitres, mil·lilitre, mil·lilitres"),
    _unit("MTQ", "volume", "1000", "m³", "m³, m3, metro cúbico, metros cúbicos, cubic metre, cubic metres,"
          " mètre cube, mètres cubes, metre cúbic, metres cúbics"),
    _unit("HUR", "time", "1", "h", "h, hora, horas, hour, hours, heure, heures, hores, hs"),
    _unit("MIN", "time", "1/60", "min", "min, minuto, minutos, minute, minutes, minut, minuts"),
    _unit("MTR", "length", "1", "m", "m, metro, metros, metre, metres, meter, meters, mètre, mètres"),
    _unit("CMT", "length", "1/100", "cm", "cm, centímetro, centímetros, centimetre, centimetres, centimètre,"
          " centimètres, centímetre, centímetres"),
    _unit("KMT", "length", "1000", "km", "km, kilómetro, kilómetros, quilômetro, quilômetros, kilometre, kilometres,"
          " kilomètre, kilomètres, quilòmetre, quilòmetres"),
    _unit("MTK", "area", "1", "m²", "m², m2, metro cuadrado, metros cuadrados, metro quadrado, metros quadrados,"
          " square metre, square metres, mètre carré, mètres carrés, metre quadrat, metres quadrats"),
    _unit("HAR", "area", "10000", "ha", "ha, hectárea, hectáreas, hectare, hectares, hectàrea, hectàrees"),
    _unit("KWH", "energy", "1", "kWh", "kwh, kilovatio hora, kilovatios hora, quilowatt-hora, kilowatt hour,"
          " kilowatt hours, kilowattheure, kilowattheures"),
)  # fmt: skip
"""A day is none of them: a working day and a day of hire are not 24 hours."""
BY_CODE: Mapping[str, Unit] = {one.code: one for one in UNITS}
BY_NAME: Mapping[str, Unit] = {name: one for one in UNITS for name in one.names}
