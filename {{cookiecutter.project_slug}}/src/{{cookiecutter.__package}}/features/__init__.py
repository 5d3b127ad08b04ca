"""What this service does: a folder for each noun of the business."""
