# /// expect
# stdout = "True 2.778 m / s\n00h42m30s +41d12m00s 121.12\n2460310.5\n"
# ///
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

print((1 * u.lyr).to(u.km).value > 9e12, (10 * u.km / u.hour).to(u.m / u.s).round(3))
c = SkyCoord(ra=10.625 * u.degree, dec=41.2 * u.degree)
print(c.to_string("hmsdms"), c.galactic.l.deg.round(2))
print(Time("2024-01-01T00:00:00").jd)
