// An invoice with value added tax, in €.
using System;
using System.Collections.Generic;
using System.Linq;

namespace Samples
{
    public record Line(string Item, int Quantity, decimal Price);

    public static class Invoice
    {
        private const decimal TaxRate = 0.19m;

        public static decimal Total(IEnumerable<Line> lines) =>
            lines.Sum(line => line.Quantity * line.Price) * (1 + TaxRate);

        public static void Main()
        {
            var lines = new List<Line> { new("Käse", 2, 4.50m), new("Brot", 1, 3.20m) };
            Console.WriteLine($"{Total(lines):F2} €");
        }
    }
}
