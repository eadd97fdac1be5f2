using System.Reflection;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Continual.Surgery;

/// <summary>What must hold between a base and a model that comes from it, before their weights are mixed.</summary>
public static class MergeCompatibility
{
    // A vocabulary may grow; the others decide nothing about what a finished model computes.
    private static readonly string[] MayDiffer = [nameof(ModelConfiguration.VocabularySize), nameof(ModelConfiguration.Dropout), nameof(ModelConfiguration.InitializerRange)];

    /// <summary>Refuses models whose architectures or sizes differ, but for rows of new tokens.</summary>
    /// <param name="basePath">What messages call the base.</param>
    /// <param name="ancestor">The base.</param>
    /// <param name="path">What messages call the model.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="CoppiceException">They can't be merged; the message says what differs.</exception>
    public static void RequireArchitecture(string basePath, ModelConfiguration ancestor, string path, ModelConfiguration model)
    {
        if (ancestor.ModelType != model.ModelType) throw new CoppiceException($"{path}: is a {model.ModelType} model, {basePath} is a {ancestor.ModelType} model: they can't be merged");
        foreach (var property in ancestor.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var (expected, found) = (property.GetValue(ancestor), property.GetValue(model));
            if (!Equals(expected, found) && !MayDiffer.Contains(property.Name))
                throw new CoppiceException(FormattableString.Invariant($"{path}: {property.Name} is {found ?? "none"}, but {expected ?? "none"} in {basePath}: only models of one architecture and size can be merged"));
        }
    }

    /// <summary>Refuses tokenizers under which an id means different tokens. The model's may have more tokens, behind all of the base's.</summary>
    /// <param name="basePath">What messages call the base.</param>
    /// <param name="ancestor">The base's tokenizer.</param>
    /// <param name="baseRows">Rows of the base's embedding.</param>
    /// <param name="path">What messages call the model.</param>
    /// <param name="model">The model's tokenizer.</param>
    /// <exception cref="CoppiceException">They can't be merged.</exception>
    public static void RequireTokenizer(string basePath, Tokenizer ancestor, int baseRows, string path, Tokenizer model)
    {
        if (ancestor.Fingerprint == model.Fingerprint) return;
        if (model.VocabularySize <= ancestor.VocabularySize) throw new CoppiceException($"{path}: has another tokenizer than {basePath}: only models with the same tokens can be merged");
        for (var id = 0; id < ancestor.VocabularySize; id++)
        {
            if (ancestor.IdToToken(id) != model.IdToToken(id))
                throw new CoppiceException($"{path}: its tokenizer has another token than {basePath} for the id {id}: a vocabulary that has grown must keep the old ids first");
        }

        // Spare rows of the base would be mixed into those of new tokens.
        if (baseRows > ancestor.VocabularySize)
            throw new CoppiceException($"{basePath}: has {baseRows} rows for {ancestor.VocabularySize} tokens, and {path} has a grown vocabulary: which rows are new can't be told");
    }
}
