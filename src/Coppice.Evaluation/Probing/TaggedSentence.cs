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
    /// <summary>Reads the sentences of a file in the format of Universal Dependencies; the labels are the universal parts of speech.</summary>
    /// <param name="path">The file (<c>.conllu</c>); gzip where the name ends with <c>.gz</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, a line is none of the format, or no word has a part of speech.</exception>
    public static IReadOnlyList<TaggedSentence> ReadConllu(string path)
    {
        var reader = new ConlluReader(path);
        FileLines.Read(path, reader.Take);
        return reader.Finish();
    }
}
