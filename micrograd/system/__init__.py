"""What the package needs of Python and of the operating system.

disk        the one writer of files: whole or not at all
forking     locks that a fork leaves usable
packages    optional packages, imported late and whole
"""
