"""What every feature stands on, without a word of the business."""
