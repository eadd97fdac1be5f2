using Coppice.Corpus.Decontamination;
using Coppice.Corpus.Deduplication;
using Coppice.Corpus.Edits;
using Coppice.Corpus.Extraction;
using Coppice.Corpus.Language;
using Coppice.Corpus.Privacy;
using Coppice.Corpus.Quality;
using Coppice.Corpus.Scoring;
using Coppice.Corpus.Selection;
using Coppice.Corpus.Unicode;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>The registry of the curation steps that need nothing but text. Others, that need a language model, are listed where models are known.</summary>
public static class CurationSteps
{
    /// <summary>Every step, in the order in which they are listed.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "empty",
            "drops documents without text",
            "Nothing can be learned of them, and after it counts of documents mean documents with text.",
            _ => new DropEmpty()),
        StepDefinition.Of(
            "exact-duplicates",
            "drops documents whose text was there before, byte for byte",
            "Copies waste training and are recited by the model. One pass, 16 bytes of memory a document; exact-documents also chooses which copy stays.",
            _ => new ExactDuplicates()),
        .. ExtractionSteps.All,
        .. UnicodeSteps.All,
        .. LanguageSteps.All,
        .. QualitySteps.All,
        .. EditSteps.All,
        .. PrivacySteps.All,
        .. DeduplicationSteps.All,
        .. DecontaminationSteps.All,
        .. ScoringSteps.All,
        .. SelectionSteps.All,
    ];

    /// <summary>The step of a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="where">What a message calls the place where it was written.</param>
    /// <param name="known">The steps to choose from; null for <see cref="All"/>.</param>
    /// <exception cref="CoppiceException">There is no such step: the message names the nearest (exit code 2).</exception>
    public static StepDefinition Get(string name, string where, IReadOnlyList<StepDefinition>? known = null) =>
        (known ?? All).FirstOrDefault(step => step.Name == name)
        ?? throw CoppiceException.Usage($"{where}: there is no step '{name}'{NearestName.Hint(name, (known ?? All).Select(step => step.Name))}; 'coppice corpus steps' lists them");
}
