using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>A word with its part of speech, or with any other label.</summary>
/// <param name="Form">The word.</param>
/// <param name="Start">Where it begins in its sentence, in Unicode code points.</param>
/// <param name="Tag">Its label.</param>
public sealed record TaggedWord(string Form, int Start, string Tag);

/// <summary>A sentence whose words are labelled.</summary>
/// <param name="Text">The sentence as it is written.</param>
/// <param name="Words">Its words, in the order of their beginnings.</param>
public sealed record TaggedSentence(string Text, IReadOnlyList<TaggedWord> Words)
{
    /// <summary>
    /// Reads the sentences of a file in the format of Universal Dependencies. The text is that of the written tokens; of one that is several words (<c>don't</c>: <c>do</c>,
    /// <c>n't</c>) each word begins where its letters do, or with the token where it is written otherwise. Words that aren't written (<c>5.1</c>) and those without a label
    /// are left out.
    /// </summary>
    /// <param name="path">The file (<c>.conllu</c>); gzip where the name ends with <c>.gz</c>.</param>
    /// <param name="column">The column of the labels, by its name in the format: the universal parts of speech, or any other.</param>
    /// <exception cref="CoppiceException">There is no such column (exit code 2), the file can't be read, a line is none of the format, or no word has a label.</exception>
    public static IReadOnlyList<TaggedSentence> ReadConllu(string path, string column = "upos")
    {
        var reader = new ConlluReader(path, ConlluReader.LabelColumn(column));
        FileLines.Read(path, reader.Take);
        return reader.Finish();
    }
}
