"""The elements whose bonds can be told from distances.

Radii: Pyykkö and Atsumi 2009, tables 1 and 2; Pyykkö, Riedel and Patzschke 2005.
"""

# Covalent radii in picometres of single, double and triple bonds; None: no such bonds.
RADII = {
    "H": (32, None, None),
    "C": (75, 67, 60),
    "N": (71, 60, 54),
    "O": (63, 57, 53),
    "F": (64, None, None),
    "Si": (116, 107, None),
    "P": (111, 102, None),
    "S": (103, 94, None),
    "Cl": (99, None, None),
    "Br": (114, None, None),
    "I": (133, None, None),
}
ELEMENTS = tuple(RADII)
