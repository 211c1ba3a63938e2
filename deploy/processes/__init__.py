"""What each process is made of; `storestream run NAME` or `python -m deploy.processes.NAME` runs one."""
