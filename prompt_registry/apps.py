from django.apps import AppConfig


class PromptRegistryConfig(AppConfig):
    name = "prompt_registry"
    verbose_name = "Prompts"
