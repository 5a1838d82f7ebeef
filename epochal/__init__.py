"""Write cognitive tasks as text, compile them to NumPy, train networks on them."""
