"""Files in and out: scans, label maps, DICOM series, pictures, samples, phantoms.

May import: core, catalog, protocol, phantom, measure, numpy; SimpleITK, pydicom and Pillow inside functions.
Never: torch, Qt, VTK, or any room of the compute wing.
"""
