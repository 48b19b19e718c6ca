"""outreachd"""
