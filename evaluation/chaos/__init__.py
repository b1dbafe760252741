"""What becomes of accepted videos while services are killed, links fail and disks fill up."""
