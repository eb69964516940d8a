"""From a learning management system's download to the inbox, and from the gradebook to the file that it takes in."""
