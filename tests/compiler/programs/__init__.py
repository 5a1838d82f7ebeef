"""Random programs: valid ``.task`` texts that use every construct of the language.

``constructs.py`` lists the constructs with their weights; ``program.py`` puts a text together.
A new construct is a row in the table and a writer of its name in the module of its idea.
"""
