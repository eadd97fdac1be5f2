namespace Coppice.Corpus.Selection;

/// <summary>Turns a document into a vector, such that like documents have like directions: what diversity is measured by. A language model's mean-pooled hidden states fit too.</summary>
public interface IDocumentEmbedder
{
    /// <summary>Everything that a vector depends on, as text.</summary>
    string Version { get; }

    /// <summary>Numbers of a vector.</summary>
    int Dimensions { get; }

    /// <summary>Whether the mean of the corpus is taken off the vectors: those of a model's hidden states are nearly parallel, and what they share says nothing.</summary>
    bool TakesOffMean { get; }

    /// <summary>Starts on one thread. The returned function writes a document's vector of <see cref="Dimensions"/> finite numbers; of any length.</summary>
    Action<Document, Memory<float>> Begin();
}
