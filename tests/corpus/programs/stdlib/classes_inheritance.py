# /// expect
# stdout = "[Circle(3.14), Square(4.00)]\nTypeError: Can't instantiate abstract class Shape\n"
# ///
from abc import ABC, abstractmethod

class Shape(ABC):
    def __init__(self, name):
        self.name = name

    @abstractmethod
    def area(self): ...

    def __repr__(self):
        return f"{self.name}({self.area():.2f})"

class Circle(Shape):
    def __init__(self, r):
        super().__init__("Circle")
        self.r = r

    def area(self):
        return 3.141592653589793 * self.r ** 2

class Square(Shape):
    def __init__(self, a):
        super().__init__("Square")
        self.a = a

    def area(self):
        return self.a ** 2

print([Circle(1), Square(2)])
try:
    Shape("x")
except TypeError as e:
    print("TypeError:", str(e).split(" with")[0])
