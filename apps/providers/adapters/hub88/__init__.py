"""The Hub88 family: Hub88 Operator API v2 and Caleta Gaming System 1.5, one adapter with a profile each."""
