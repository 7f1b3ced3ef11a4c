"""Files in and out: scans, label maps, DICOM series, pictures, samples, phantoms, data sets.

May import: core, catalog, protocol, phantom, measure, numpy; SimpleITK, pydicom, Pillow and
platformdirs inside functions.
Never: torch, Qt, VTK, or any room of the compute wing.
"""
