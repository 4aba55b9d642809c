"""`python -m benchmarks.peers.fastapi_wallet.create_tables`: create the tables in DATABASE_URL."""

import os

from sqlalchemy import create_engine, make_url

from benchmarks.peers.fastapi_wallet.tables import Base

if __name__ == "__main__":
    Base.metadata.create_all(create_engine(make_url(os.environ["DATABASE_URL"]).set(drivername="mysql+mysqldb")))
