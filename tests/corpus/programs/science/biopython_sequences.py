# /// expect
# stdout = "MAIVMGR* TCAGCG 0.542\n['s1']\n"
# files = ["seqs.fasta"]
# ///
from Bio import SeqIO
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord
from Bio.SeqUtils import gc_fraction

dna = Seq("ATGGCCATTGTAATGGGCCGCTGA")
print(dna.translate(), dna.reverse_complement()[:6], round(gc_fraction(dna), 3))
SeqIO.write([SeqRecord(dna, id="s1", description="")], "/mnt/data/seqs.fasta", "fasta")
print([r.id for r in SeqIO.parse("/mnt/data/seqs.fasta", "fasta")])
