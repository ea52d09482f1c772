pip install {{ wheel }}
export CALLBOARD_URL={{ url }} CALLBOARD_API_KEY={{ key }} OTEL_SERVICE_NAME=my-app
python app.py
