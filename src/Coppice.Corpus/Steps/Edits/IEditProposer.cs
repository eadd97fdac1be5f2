namespace Coppice.Corpus.Edits;

/// <summary>Proposes edits of documents: rules, or a model that was taught to write edit programs. What it proposes is checked before it is carried out.</summary>
public interface IEditProposer
{
    /// <summary>The name in recipes and reports.</summary>
    string Name { get; }

    /// <summary>Starts on one thread. The returned function proposes edits of one document at a time; line numbers count from 0, lines end in LF.</summary>
    Func<Document, EditProgram> Begin();
}
