"""What a network is made of, told without computing it: its blocks, their sizes, what they see."""
