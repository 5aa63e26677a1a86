echo "waiting for jobs"
exec sleep 1000
