"""Swipe Games Public API 1.7.5: no currency in its calls, wins that name no bet, free rounds that only inform."""
