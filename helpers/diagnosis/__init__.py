"""What is wrong with a search of Keras models, and how much it costs."""
