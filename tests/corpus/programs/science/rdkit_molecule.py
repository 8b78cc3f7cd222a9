# /// session
# limit = "RDKit"
# ///
# /// expect
# stdout = "C9H8O4 180.16 13\n"
# images = 1
# ///
from rdkit import Chem
from rdkit.Chem import Descriptors, Draw

mol = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
print(Chem.rdMolDescriptors.CalcMolFormula(mol), round(Descriptors.MolWt(mol), 2), mol.GetNumAtoms())
Draw.MolToImage(mol)
