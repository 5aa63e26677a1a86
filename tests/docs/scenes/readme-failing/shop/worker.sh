echo "connecting to the queue"
echo "KeyError: 'QUEUE_URL'" >&2
exit 1
