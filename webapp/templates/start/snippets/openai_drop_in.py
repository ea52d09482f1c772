from callboard.openai import OpenAI  # instead of: from openai import OpenAI

client = OpenAI()
answer = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Where is my order?"}],
)
print(answer.choices[0].message.content)
