using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Gguf;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>A model and its tokenizer, opened to be run: from a model directory, or from a GGUF file as it is.</summary>
public sealed class InferenceModel : IDisposable
{
    private InferenceModel(LanguageModel model, Tokenizer tokenizer) => (Model, Tokenizer) = (model, tokenizer);

    /// <summary>The model.</summary>
    public LanguageModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Opens a model.</summary>
    /// <param name="path">A model directory or a GGUF file.</param>
    /// <param name="backend">Computes; not disposed of with the model.</param>
    /// <param name="quantization">In what matrices are held.</param>
    /// <exception cref="CoppiceException">Model or tokenizer can't be read, or are not supported.</exception>
    public static InferenceModel Load(string path, Backend backend, Quantization quantization = Quantization.None)
    {
        if (File.Exists(path))
        {
            using var file = GgufFile.Open(path);
            return With(GgufImport.ReadModel(file, backend, quantization), model => Tokenizer.FromJson(
                GgufImport.ReadTokenizer(file, model.Configuration) ?? throw new CoppiceException($"{path}: has no tokenizer; import it, and put a tokenizer.json into the directory")));
        }

        return With(ModelDirectory.Load(path, backend, quantization), _ => Tokenizer.Load(path));
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static InferenceModel With(LanguageModel model, Func<LanguageModel, Tokenizer> loadTokenizer)
    {
        try
        {
            return new InferenceModel(model, loadTokenizer(model));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
