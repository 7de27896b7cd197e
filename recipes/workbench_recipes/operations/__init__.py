"""One operation to a file, named as recipes call it. They know the contract of datasets and no interface."""
