"""Where sanctions and PEP lists are asked: the embedded list, or a yente server."""
