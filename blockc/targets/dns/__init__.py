"""DNS servers, mail servers and routing daemons."""
