"""Files in and out: NIfTI, NRRD, MHA, DICOM, pictures, and the folders a run writes.

May import: the ground; SimpleITK and pydicom inside functions. Never: torch, Qt, session, jobs, or the compute wing.
"""
