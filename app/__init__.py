"""Vangnet: the back-up policy of a school or a small business, run by the program itself."""
