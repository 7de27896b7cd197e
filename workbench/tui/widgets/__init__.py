"""The parts that screens are made of; each shows one value and posts messages upward."""
