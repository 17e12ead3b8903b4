"""What a policy means on a day: schedule, selected addresses, lists."""
