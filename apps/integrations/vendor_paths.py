"""The path converter of vendors' doors: an id in a path may hold any character, a line break too."""

from django.urls import register_converter
from django.urls.converters import PathConverter


class VendorPathConverter(PathConverter):
    """Like ``path``, which ends at a line break and would answer such an id with a bare 404."""

    regex = r"[\s\S]+"


register_converter(VendorPathConverter, "vendor_path")
