import callboard


@callboard.observe
def answer(question: str) -> str:
    with callboard.span("write the answer", kind="llm", input=question, model="my-model") as call:
        text = f"You asked: {question}"  # call your model here
        call.set(output=text, usage={"input_tokens": 12, "output_tokens": 5})
    return text


print(answer("Where is my order?"))
