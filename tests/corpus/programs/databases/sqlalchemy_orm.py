# /// expect
# stdout = "Le Guin ['Lavinia', 'The Dispossessed']\n2\n"
# ///
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, func, select
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()

class Author(Base):
    __tablename__ = "authors"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    books = relationship("Book", back_populates="author")

class Book(Base):
    __tablename__ = "books"
    id = Column(Integer, primary_key=True)
    title = Column(String)
    author_id = Column(ForeignKey("authors.id"))
    author = relationship("Author", back_populates="books")

engine = create_engine("sqlite:///:memory:")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(Author(name="Le Guin", books=[Book(title="The Dispossessed"), Book(title="Lavinia")]))
    session.commit()
    author = session.scalars(select(Author)).one()
    print(author.name, sorted(b.title for b in author.books))
    print(session.scalar(select(func.count(Book.id))))
