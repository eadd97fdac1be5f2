using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>How versions of texts are made.</summary>
public enum Augmentation
{
    /// <summary>Tokens are left out: <see cref="TokenDrop"/>.</summary>
    Drop,

    /// <summary>Tokens are replaced by what an encoder finds likely there: <see cref="MaskedReplacement"/>.</summary>
    Masked,
}

/// <summary>What is done where labels are few: null for what is not.</summary>
public sealed record FewLabelSettings
{
    /// <summary>Texts without labels.</summary>
    public IReadOnlyList<UnlabelledText> Unlabelled { get; init; } = [];

    /// <summary>Labelled texts besides those of the recipe: of <see cref="AnnotationFile.Read"/>.</summary>
    public IReadOnlyList<LabelledText> Annotated { get; init; } = [];

    /// <summary>Training on own guesses.</summary>
    public SelfTrainingOptions? SelfTraining { get; init; }

    /// <summary>Training on versions of a text being alike.</summary>
    public ConsistencyOptions? Consistency { get; init; }

    /// <summary>How versions are made.</summary>
    public Augmentation Augmentation { get; init; }

    /// <summary>The share of tokens that a version leaves out or replaces.</summary>
    public double AugmentedShare { get; init; } = 0.15;

    /// <summary>Versions of each text.</summary>
    public int Versions { get; init; } = 4;

    /// <summary>Training on texts that the model writes itself.</summary>
    public OwnSampleOptions? OwnSamples { get; init; }

    /// <summary>Refuses settings that don't go together.</summary>
    /// <param name="labelled">The texts that have a label anyway.</param>
    /// <exception cref="CoppiceException">Texts without labels are needed and there are none, a label is none of the others', or a number is out of its range.</exception>
    internal void Check(IReadOnlyList<LabelledText> labelled)
    {
        if ((SelfTraining is not null || Consistency is not null) && Unlabelled.Count == 0) throw CoppiceException.Usage("self-training and consistency training need texts without labels (--unlabelled)");
        if (SelfTraining is null && Consistency is null && Unlabelled.Count > 0) throw CoppiceException.Usage("texts without labels are for self-training and consistency training, and neither was asked for");
        if (Versions < 1) throw CoppiceException.Usage("consistency: each text needs at least one version");
        SelfTraining?.Check();
        Consistency?.Check();
        OwnSamples?.Check();
        if (Annotated.Count == 0) return;
        // A slip of the pen would be a class of its own.
        var known = LabelSet.Of(labelled.Select(text => text.Label));
        foreach (var text in Annotated) known.IndexOf(text.Label, text.Where);
    }
}
