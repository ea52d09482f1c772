"""Problems that people care for: opened when harm is significant, and followed until they are gone."""
