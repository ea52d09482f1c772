now=$(date +%s)
curl --silent --show-error --fail-with-body {{ url }}/v1/traces \
  --header "Authorization: Bearer {{ key }}" \
  --header "Content-Type: application/json" \
  --data @- <<JSON
{"resourceSpans": [{
  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my-app"}}]},
  "scopeSpans": [{"spans": [{
    "traceId": "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')",
    "spanId": "$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')",
    "name": "answer",
    "startTimeUnixNano": "$((now - 1))000000000",
    "endTimeUnixNano": "${now}000000000",
    "attributes": [
      {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
      {"key": "gen_ai.request.model", "value": {"stringValue": "my-model"}},
      {"key": "gen_ai.input.messages", "value": {"stringValue": "[{\"role\": \"user\", \"parts\": [{\"type\": \"text\", \"content\": \"Where is my order?\"}]}]"}},
      {"key": "gen_ai.output.messages", "value": {"stringValue": "[{\"role\": \"assistant\", \"parts\": [{\"type\": \"text\", \"content\": \"It arrives tomorrow.\"}]}]"}}
    ]
  }]}]
}]}
JSON
