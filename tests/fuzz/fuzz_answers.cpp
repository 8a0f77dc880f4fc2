// Fuzzes the way from a text to its answer: any bytes, every option of a student, on the best
// target that runs here. An eighth of the inputs is answered on all targets; scalar takes most of
// the time.
//
// An input is three bytes of options and then texts, each ending at a byte 0xFF, which no UTF-8
// has. A finding is a sanitizer's report, an exception, or a broken invariant: targets agree bit
// for bit, a list answers as its texts do alone, and a record is what answer/record.h promises.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../csrc/answer/classifier.h"
#include "../../csrc/answer/record.h"
#include "../../csrc/answer/words_json.h"
#include "../../csrc/dispatch/targets.h"
#include "../../csrc/text/utf8.h"
#include "../golden/random_parameters.h"

namespace {

using dixtill::Classifier;
using dixtill::CleaningRule;
using dixtill::Record;

// No width is a multiple of any vector's.
constexpr int64_t kEmbeddingDim = 11, kHiddenDim = 5, kAttentionDim = 7;
constexpr int32_t kMostClasses = 3;
constexpr std::string_view kVocabulary =
    "[UNK]\na\nb\ne\ns\n##a\n##b\n##e\n##s\n##ed\n##ings\napple\nshares\nshare\nprofit\nfall\n"
    "nestl\ncafe\ncaf\u00e9\n\u00e9\n##\u00e9\n\u4e2d\n\u6587\n##\u6587\n\uac00\n\u1100\n##\u1161\n"
    "\u0301\n##\u0301\n\U0001F680\n%\n$\n&\n;\n#\n-\n.\n,\n!\n'\n\"\n<\n>\n/\n:\n\u2212\n\u2019\n"
    "0\n1\n2\n3\n##0\n##1\n##2\nhttps\n##x\nx\ni\n\u0131\n\u03c3\n##\u03c3";
constexpr int64_t kMaxPieces[] = {1, 2, 3, 7, 16, 64, 256, 10'000};
constexpr int64_t kMaxPiecesChecked = 7;  // a check of many words takes 2048 passes
constexpr dixtill::Explanation kExplanations[] = {
    dixtill::Explanation::gates, dixtill::Explanation::contributions, dixtill::Explanation::scores};
constexpr size_t kRepetitions[] = {1, 1, 1, 1, 1, 1, 2, 30};

[[noreturn]] void fail(const char* broken) {
    std::fprintf(stderr, "broken invariant: %s\n", broken);
    std::abort();
}

void require(bool holds, const char* invariant) {
    if (!holds) fail(invariant);
}

// How many texts were answered, said at the end of a run.
struct Counter {
    uint64_t num_texts = 0;
    ~Counter() { std::fprintf(stderr, "%llu texts\n", static_cast<unsigned long long>(num_texts)); }
};

struct Options {
    bool lowercase, strip_accents, symbols, is_checked, is_for_all_targets;
    std::vector<CleaningRule> cleaning;
    size_t explanation;
    dixtill::Output output;
    int64_t cell, num_directions, embedding_bits, max_pieces;
    size_t num_repetitions;

    explicit Options(const uint8_t* bytes)
        : lowercase(bytes[0] & 1),
          strip_accents(bytes[0] & 2),
          symbols(bytes[1] & 8),
          is_checked(bytes[0] / 16 == 15),
          is_for_all_targets(bytes[1] / 32 == 7),
          explanation(bytes[1] % 3),
          output(static_cast<dixtill::Output>(bytes[2] / 8 % 8 % dixtill::kNumOutputs)),
          cell(bytes[2] / 64 % dixtill::kNumCells),
          num_directions(bytes[1] & 2 ? 1 : 2),
          embedding_bits(bytes[1] & 4 ? 4 : 8),
          max_pieces(kMaxPieces[bytes[2] % 8]),
          num_repetitions(kRepetitions[bytes[2] / 8 % 8]) {
        if (bytes[1] & 16) {
            if (bytes[0] & 4) cleaning.push_back(CleaningRule::urls);
            if (bytes[0] & 8) cleaning.push_back(CleaningRule::html_entities);
        } else {
            if (bytes[0] & 8) cleaning.push_back(CleaningRule::html_entities_v2);
            if (bytes[0] & 4) cleaning.push_back(CleaningRule::urls_v2);
        }
        if (is_checked && max_pieces > kMaxPiecesChecked) max_pieces = kMaxPiecesChecked;
    }

    int32_t num_classes() const { return output == dixtill::Output::number ? 1 : kMostClasses; }

    // Checks are of the top label, or of the first where a text may have several.
    dixtill::WantedCheck check() const {
        if (!is_checked) return {};
        if (output == dixtill::Output::sigmoid) return dixtill::CheckOptions{0, {0.4, 0.5, 0.6}};
        return dixtill::CheckOptions{};
    }

    dixtill::TokenizerOptions tokenizer() const {
        return {lowercase, strip_accents, symbols, max_pieces, cleaning};
    }

    std::string key() const {
        std::string key = std::to_string(lowercase) + std::to_string(strip_accents) +
                          std::to_string(symbols) + std::to_string(explanation) +
                          std::to_string(static_cast<int64_t>(output)) + std::to_string(cell) +
                          std::to_string(num_directions) + std::to_string(embedding_bits);
        for (const CleaningRule rule : cleaning) key += std::to_string(static_cast<int>(rule));
        return key + "," + std::to_string(max_pieces);
    }
};

// The same student on each target that this CPU runs, best first, scalar last.
class Students {
  public:
    explicit Students(const Options& options)
        : shape_{static_cast<dixtill::Cell>(options.cell),
                 kEmbeddingDim,
                 kHiddenDim,
                 kAttentionDim,
                 options.num_classes(),
                 options.num_directions,
                 options.output} {
        for (const dixtill::Target& target : dixtill::compiled_targets()) {
            if (!target.is_supported) continue;
            const dixtill::Embedding embedding = {
                reinterpret_cast<const uint8_t*>(rows_.data()), num_pieces(),
                dixtill::embedding_row_bytes(kEmbeddingDim, options.embedding_bits),
                options.embedding_bits};
            classifiers_.push_back(
                std::make_unique<Classifier>(*target.kernels, shape_, weights_.view(), embedding,
                                             dixtill::Tokenizer(kVocabulary, options.tokenizer()),
                                             kExplanations[options.explanation], familiarity_));
        }
    }

    const std::vector<std::unique_ptr<Classifier>>& all() const { return classifiers_; }

    static const Students& with(const Options& options) {
        static std::map<std::string, std::unique_ptr<Students>> made;
        std::unique_ptr<Students>& found = made[options.key()];
        if (!found) found = std::make_unique<Students>(options);
        return *found;
    }

  private:
    static int64_t num_pieces() {
        int64_t count = 1;
        for (const char byte : kVocabulary) count += byte == '\n';
        return count;
    }

    const dixtill::StudentShape shape_;
    Lcg random_;
    RandomParameters weights_{shape_, 2e-3F, random_};
    static dixtill::Familiarity familiarity(Lcg& random) {
        const std::vector<int8_t> evidence = random.q8((num_pieces() + 1) / 2);
        const std::vector<int8_t> words = random.q8(dixtill::Familiarity::num_word_bytes);
        std::vector<float> quantiles;
        for (int64_t i = 0; i < dixtill::Familiarity::num_quantiles; ++i) {
            quantiles.push_back(static_cast<float>(i / 3) * 0.125F - 3.0F);
        }
        return dixtill::Familiarity(reinterpret_cast<const uint8_t*>(evidence.data()), num_pieces(),
                                    reinterpret_cast<const uint8_t*>(words.data()),
                                    quantiles.data());
    }

    std::vector<int8_t> rows_ = random_.q8(num_pieces() * kEmbeddingDim);
    dixtill::Familiarity familiarity_ = familiarity(random_);
    std::vector<std::unique_ptr<Classifier>> classifiers_;
};

// The texts of an input: few where each costs much.
std::vector<std::string> texts_of(std::string_view bytes, const Options& options) {
    const size_t num_most = options.is_checked ? 3 : options.num_repetitions > 2 ? 6 : 40;
    std::vector<std::string> texts;
    for (size_t begin = 0; begin <= bytes.size() && texts.size() < num_most;) {
        const size_t end = std::min(bytes.find('\xFF', begin), bytes.size());
        std::string& text = texts.emplace_back();
        for (size_t i = 0; i < options.num_repetitions; ++i)
            text += bytes.substr(begin, end - begin);
        begin = end + 1;
    }
    return texts;
}

template <typename T>
T number_at(const Record& record, size_t offset) {
    T value;
    std::memcpy(&value, record.data() + offset, sizeof value);
    return value;
}

void check_probabilities(const Record& record, const Options& options) {
    const int32_t label = number_at<int32_t>(record, 0);
    require(0 <= label && label < options.num_classes(), "the label is a class");
    const auto probability = [&](int32_t k) {
        return number_at<float>(record, sizeof(dixtill::RecordHead) + static_cast<size_t>(k) * 4);
    };
    if (options.output == dixtill::Output::number) {
        return require(std::isfinite(probability(0)), "a number is finite");
    }
    double sum = 0.0;
    for (int32_t k = 0; k < options.num_classes(); ++k) {
        require(probability(k) <= 1.0F, "a probability is at most one");
        require(probability(k) >= 0.0F, "a probability is a number from zero on");
        require(probability(k) <= probability(label), "the label is the most probable class");
        sum += probability(k);
    }
    require(options.output != dixtill::Output::softmax || std::fabs(sum - 1.0) < 1e-5,
            "probabilities of labels that exclude each other sum to one");
}

void check_words(const dixtill::RecordView& record, const Options& options, int64_t num_chars) {
    require(record.num_words() <= static_cast<size_t>(options.max_pieces),
            "no more words than pieces");
    int64_t end = 0;
    for (size_t w = 0; w < record.num_words(); ++w) {
        const dixtill::Span span = record.span(w);
        require(end <= span.start && span.start < span.end, "words come in order, none is empty");
        end = span.end;
        for (int32_t k = 0; k < options.num_classes(); ++k) {
            const double weight = record.weight(record.row_of(static_cast<size_t>(k)), w);
            require(std::isfinite(weight), "a weight is finite");
        }
    }
    require(end <= num_chars, "words lie in the text");
    const dixtill::RecordHead& head = record.head();
    require(0 <= head.num_unknown_pieces && head.num_unknown_pieces <= head.num_pieces,
            "unknown pieces are pieces");
    bool has_unknown = false;
    for (size_t w = 0; w < record.num_words(); ++w) has_unknown |= record.is_unknown(w);
    require(has_unknown == (head.num_unknown_pieces > 0), "an unknown piece is a word's");
    require(0.0F <= head.familiarity && head.familiarity <= 1.0F, "familiarity is a share");
    require(head.num_unknown_pieces < head.num_pieces || head.familiarity == 0.0F,
            "a text without a known piece is not familiar");
}

void check_check(const dixtill::RecordView& record) {
    const int32_t size = record.flip_size();
    require(-1 <= size && size != 0, "a flip has words");
    int32_t last = -1;
    for (int32_t i = 0; i < size; ++i) {
        const int32_t word = record.flip(static_cast<size_t>(i));
        require(last < word, "the words of a flip are ascending");
        last = word;
    }
    require(last < static_cast<int32_t>(record.num_words()), "a flip's words are the text's");
    for (size_t w = 0; w < record.num_words(); ++w) {
        require(std::isfinite(record.effect(w)), "an effect is finite");
    }
}

// The specification of words_json asks for text that a Python str encodes to.
void check_json(const std::string& text, const Record& record, size_t num_classes) {
    if (!dixtill::is_utf8(text)) return;
    const std::string json = dixtill::words_json(text, record, num_classes, num_classes - 1);
    require(json.size() >= 2 && json.front() == '[' && json.back() == ']', "JSON is an array");
    require(dixtill::is_utf8(json), "JSON is UTF-8");
    require(json.find('\n') == std::string::npos, "JSON is on one line");
}

void check_record(const std::string& text, const Record& record, const Options& options) {
    static std::vector<char32_t> chars;
    const size_t num_classes = static_cast<size_t>(options.num_classes());
    const dixtill::RecordView view(record, num_classes);
    check_probabilities(record, options);
    check_words(view, options, static_cast<int64_t>(dixtill::decode_utf8(text, chars)));
    require(view.is_checked() == options.is_checked, "a check is there when it was asked for");
    if (view.is_checked()) check_check(view);
    check_json(text, record, num_classes);
}

std::vector<Record> answers(const Classifier& classifier,
                            const std::vector<std::string_view>& texts,
                            const dixtill::WantedCheck& check) {
    std::vector<Record> all;
    while (all.size() < texts.size()) {
        const auto rest = texts.begin() + static_cast<std::ptrdiff_t>(all.size());
        for (Record& record :
             classifier.answer_some({rest, texts.end()}, 1, check, [] { return false; })) {
            all.push_back(std::move(record));
        }
    }
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t kOptionBytes = 3;
    static Counter counter;
    if (size < kOptionBytes) return -1;
    const Options options(data);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + kOptionBytes,
                                 size - kOptionBytes);
    const std::vector<std::string> texts = texts_of(bytes, options);
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto& classifiers = Students::with(options).all();
    const std::vector<Record> expected = answers(*classifiers.front(), views, options.check());
    for (size_t i = 0; i < texts.size(); ++i) {
        check_record(texts[i], expected[i], options);
        const Record alone = classifiers.front()->answer(texts[i], options.check());
        require(alone == expected[i], "a text is answered alone as in a list");
    }
    if (options.is_for_all_targets) {
        for (const auto& classifier : classifiers) {
            require(answers(*classifier, views, options.check()) == expected,
                    "each target gives the same bits");
        }
    }
    counter.num_texts += texts.size();
    return 0;
}
