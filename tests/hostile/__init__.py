"""Repositories made by someone who means harm, some of them sealed with the right key."""
