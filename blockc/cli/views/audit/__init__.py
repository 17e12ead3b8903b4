"""What an audit found: tables, the trend of a migration, and one page for people."""
