"""Money, clock, ids, errors, request context and API plumbing; no business."""
