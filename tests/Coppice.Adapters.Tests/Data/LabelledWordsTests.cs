using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Adapters.Tests;

public sealed class LabelledWordsTests : IDisposable
{
    private const string Conllu =
        "# sent_id = 1\n"
        + "1\tShe\tshe\tPRON\tPRP\t_\t3\tnsubj\t_\t_\n"
        + "2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
        + "2\tdo\tdo\tAUX\tVBP\t_\t3\taux\t_\t_\n"
        + "3\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_\n"
        + "3.1\tlike\tlike\tVERB\tVB\t_\t_\t_\t_\t_\n"
        + "4\té\té\t_\tNN\t_\t3\tobj\t_\tSpaceAfter=No\n"
        + "5\t.\t.\tPUNCT\t.\t_\t3\tpunct\t_\t_\n"
        + "\n"
        + "1-2\tzum\t_\t_\t_\t_\t_\t_\t_\t_\n"
        + "1\tzu\tzu\tADP\tAPPR\t_\t2\tcase\t_\t_\n"
        + "2\tdem\tder\tDET\tART\t_\t0\troot\t_\t_\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_words_of_conllu_stand_where_their_letters_do()
    {
        var sentences = LabelledWords.ReadConllu(_folder.Write("a.conllu", Conllu));
        Assert.Equal(["She don't é.", "zum"], sentences.Select(sentence => sentence.Text));
        Assert.Equal([new("She", 0, "PRON"), new("do", 4, "AUX"), new("n't", 6, "PART"), new("." , 11, "PUNCT")], sentences[0].Words);
        // 'dem' is not what is written: it stands at its token's beginning.
        Assert.Equal([new("zu", 0, "ADP"), new TaggedWord("dem", 0, "DET")], sentences[1].Words);
    }

    [Fact]
    public void Any_column_can_be_the_label()
    {
        var path = _folder.Write("a.conllu", Conllu);
        Assert.Equal(["PRP", "VBP", "RB", "NN", "."], LabelledWords.ReadConllu(path, "xpos")[0].Words.Select(word => word.Tag));
    }

    [Fact]
    public void Columns_parted_by_spaces_are_words_and_their_last_column_the_labels()
    {
        var sentences = LabelledWords.ReadColumns(_folder.Write("a.txt", "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\nBonn\tB-LOC\n"));
        Assert.Equal(["EU rejects", "Bonn"], sentences.Select(sentence => sentence.Text));
        Assert.Equal([new("EU", 0, "B-ORG"), new TaggedWord("rejects", 3, "O")], sentences[0].Words);
    }

    [Theory]
    [InlineData("1\tonly\n", "line 1: has 2 columns, and a word has 10")]
    [InlineData("x\ta\ta\tX\t_\t_\t_\t_\t_\t_\n", "line 1: 'x' is no number of a word")]
    [InlineData("# only a comment\n", "holds no sentence with labelled words")]
    [InlineData("", "holds no sentence with labelled words")]
    public void A_damaged_file_is_named_with_its_line(string content, string message)
    {
        var path = _folder.Write("a.conllu", content);
        Assert.Contains(message, Assert.Throws<CoppiceException>(() => LabelledWords.ReadConllu(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_without_labels_is_refused()
    {
        var path = _folder.Write("a.conllu", Conllu);
        Assert.Contains("did you mean 'upos'?", Assert.Throws<CoppiceException>(() => LabelledWords.ReadConllu(path, "upo")).Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => LabelledWords.ReadConllu(path, "form")).ExitCode);
        var words = _folder.Write("a.txt", "word\n");
        Assert.Contains("line 1: has a word and no label", Assert.Throws<CoppiceException>(() => LabelledWords.ReadColumns(words)).Message, StringComparison.Ordinal);
    }
}
