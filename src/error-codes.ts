/** One class of errors: who can fix them, and every code its errors carry. */
interface ErrorClassEntry {
  /** Exit status of the command line when such an error ends a single-input run. */
  readonly exitCode: number;
  /** What such errors have in common, in Markdown. */
  readonly about: string;
  /** Each code, with what it means and what to do about it, in Markdown. */
  readonly codes: Readonly<Record<string, string>>;
}

/**
 * Every error there is: what docs/errors.md is made from (`node scripts/make-error-page.js`). A new code is a line
 * here, and a code that nothing throws any more goes; codes are stable, so none changes its meaning.
 */
export const errorClasses = {
  UsageError: {
    exitCode: 2,
    about: "The caller's arguments make no sense, alone or together. Change the call.",
    codes: {
      'anchor-missing':
        'The series to compare with takes no part. Choose one of those that are named, or install its codec.',
      'bad-backend': 'There is no executor of this name. Choose one of those that are named.',
      'bad-bootstrap':
        'A bootstrap cannot be drawn as asked. Give pictures, resamples, a confidence between 0 and 1 and a whole seed.',
      'bad-bypass-bits':
        'A number does not fit the bits it should be written in. A mistake in the caller of the range coder.',
      'bad-count':
        'Counts of votes make no sense together. Give numbers of at least 0, and no more of a part than of the whole.',
      'bad-curve': 'A curve of rate and accuracy has a point that is no finite number. Leave the point out.',
      'bad-dataset':
        'A data set is missing or not laid out as its task needs it. The message says what is wrong and where.',
      'bad-escape':
        'A value should be escaped that the table has a symbol for. A mistake in the caller of the escape code.',
      'bad-frequency':
        'A symbol has no frequency to be coded with. A mistake in the caller of the range coder.',
      'bad-feature-layer': 'There are no features of this name. Choose a layer that is named.',
      'bad-input':
        'Tensors do not fit the network they are given to. Give as many, and of the sizes, that the message asks for.',
      'bad-distance': 'The distance of copies is no number from 0 to 1. Give one.',
      'bad-query':
        'A query for an index means nothing as it stands. The message has the column, and what was expected there.',
      'bad-effort': '`effort` is no whole number from 1 to 9. Give one of them.',
      'bad-instances': "Annotations are not in COCO's layout. The message says which entry is wrong and how.",
      'bad-keep':
        'There is no such answer to keep, or none was asked for. Choose among those that are named, with a number above 0 and at most 1 where one is taken.',
      'bad-layer':
        'There is no layer of this name, or none was asked for. Choose among those that are named.',
      'bad-limit':
        'A limit has no such name, or its value is no number of at least 0. Choose a name that is listed.',
      'bad-mask': 'A run-length mask does not describe a picture of its size. Make the mask again.',
      'bad-max-detections': '`maxDetections` is not a whole number of at least 1. Give one.',
      'bad-max-side': '`maxSide` is neither a whole number of at least 1 nor `none`. Give one of them.',
      'bad-metadata': '`metadata` is none of `none`, `icc`, `exif` and `all`. Give one of them.',
      'bad-min-score': '`minScore` is not a number from 0 to 1. Give one.',
      'bad-overlap': '`minOverlap` is not a number between 0 and 1. Give one.',
      'bad-picture':
        'The pixels that were given do not make a picture of the size that was given. Give width x height x 3 values.',
      'bad-port': 'The port of the page is taken, or may not be used. Give another, or none.',
      'bad-precision':
        'There is no precision of this name, or the executor chosen computes in floats alone. Choose one of those that are named.',
      'bad-quality': 'The quality is not a number from 1 to 100. Give one.',
      'bad-quality-position': 'A quality position is not a whole number from 0 to 2047. Give one.',
      'bad-region':
        'No pixel of the photograph lies in the region. Give one in pixels of the photograph, as x, y, width and height.',
      'bad-score': 'The score of a detection is not a number. Leave the detection out.',
      'bad-setting': "A codec's settings are not numbers. Give at least one number.",
      'bad-study':
        'A study cannot be made as asked. The message says what is missing, or what makes no sense.',
      'bad-structure': 'A .dicm file cannot express what should be written. The message names the field.',
      'bad-table-index':
        'A table index names no table of the model. A mistake in the caller of the symbol coder.',
      'bad-target': 'A target size is not above 0, or not whole where it counts bytes. Give another.',
      'bad-task': 'There is no task of this name. Choose one of those that are named.',
      'bad-tile': 'No tile has latents of this size. Give hyper-latents and latents of one tile.',
      'bad-work-list':
        'A work list is named in a way that is not known. Name a file, or a list on a NATS server: `nats://host:4222/name`.',
      'bad-top': '`top` is not a whole number of at least 1. Give one.',
      'channel-mismatch':
        'The hyper-latent does not fit the tables of the model. Give the latents of the same model.',
      'coco-ambiguous-name':
        'An input may be several images of the list, since they share a name. Keep the sources apart by folder.',
      'coco-frame':
        'A photograph was annotated at another size than its own, so that places in it cannot be compared. Give the photographs that were annotated.',
      'coco-no-id':
        'Inputs are no images of the list, or have no number in their names. Give the list they belong to, or leave them out by `--coco-missing skip`.',
      'coco-same-id': 'Two inputs would be reported as one image. Leave one of them out.',
      'coco-stdout': 'Two kinds of results would go to stdout. Name a file for those in COCO form.',
      'detector-task': 'A detector says boxes. Leave it out when you classify.',
      'directory-unreadable': 'A folder cannot be listed. Check its permissions.',
      disposed: 'What is called was disposed of. Open it again.',
      'embedding-not-npy': 'Vectors are written as .npy files. Give the output a name that ends in .npy.',
      'empty-dataset': 'No image of the data set can be used. The message says what each of them lacks.',
      'encoder-finished': 'A range encoder was ended twice. A mistake in the caller of the range coder.',
      'first-layer':
        'The first layer of a file should be taken away, and without it there is no file. Name another layer.',
      'format-mismatch':
        'The kind of file that is asked for does not go into the output that is named. Give either, or such as agree.',
      'index-scores':
        'An index that is there keeps scores from another one on. Leave the option out, or make the index anew.',
      'index-stdin': 'An index holds paths, and stdin has none. Name the file.',
      'index-stdout': 'An index is read and written in places, which stdout is not. Name a file.',
      'is-directory': 'An input is a folder. `-r` takes the files in it.',
      'latents-need-safetensors':
        'Latents are two arrays, and the output holds one. Name a .safetensors file.',
      'length-mismatch': 'Two lists that belong together have different lengths. Give one entry for each.',
      'map-size': 'An instance map has another size than its picture. Give the map of that picture.',
      'missing-command':
        'A file stands where a command, or what is to be asked, should. Put one of those that are named before it.',
      'missing-layer': 'The file has no such layer. `dicm inspect` names those it has.',
      'no-mask': 'Objects should be compared by mask, and one has none. Give the mask, or compare boxes.',
      'no-match': 'No file matches an input. Check the pattern, or the kinds of files in the folder.',
      'no-picture':
        'A picture should be rebuilt from a file without a view layer. Encode its photograph with --view or --view-only, or write its features to a .npy or a .safetensors file.',
      'no-prefix-check':
        'The file has no check of its first layer, so only the whole file can be read. Keep it whole.',
      'no-tasks': 'No task is asked for. Name at least one.',
      'no-stream': 'A work list should hold stdin, which no worker can read. Name files or addresses.',
      'no-worker': 'A job process was started by hand. `dicm run worker` starts those it needs.',
      'not-bytes': 'What should be read is not a `Uint8Array`. Give the bytes of the file.',
      'option-needs-other': 'An option means something only beside another. Give both or none.',
      'insecure-page':
        'A page came over plain http, where browsers cannot compute a SHA-256. Serve it by https, or from localhost.',
      'output-collision': 'Two results would be written to one place. Name a folder, or rename an input.',
      'output-is-input': 'A result would overwrite an input. Choose another output.',
      'output-kind':
        'The output has the extension of another kind of file than what is written. Give it one that is named, or none.',
      'overlay-not-png': 'An overlay is a PNG file. Give it a name that ends in .png.',
      'overlay-source-ambiguous':
        'Several pictures may be the source of an input. Keep only one of them in the folder.',
      'overlay-source-missing':
        'The picture to draw on is not where it should be. Name the picture, or the folder that holds it.',
      'overlay-source-size':
        'The picture to draw on has another size than the one that was coded. Give the source of the file.',
      'overlay-stdout': 'Results and overlay would both go to stdout. Name a file for the overlay.',
      'picture-too-small':
        'The picture is too small for a measure, whose windows or strides it does not hold. Leave it out.',
      'pixel-network-task':
        'A pixel network of your own can only classify. Leave it out for the other tasks.',
      'rate-conflict': 'More than one of quality, targets and answers to keep is given. Give only one.',
      'shard-count':
        'One file is named, and the inputs need several shards. Name a folder, or `--shard all`.',
      'shard-model':
        'A file was read with another model than those before it in the shards. Shard them apart, or choose a model.',
      'shard-name':
        'Two inputs would have one name in the shards, or one has a name that no array can have. Keep their folders, or rename one.',
      'shard-stdout': 'A shard should go to stdout, which only takes bytes in their order. Name a file.',
      'shard-too-large':
        'The names in a shard make a longer head than readers take. Put fewer inputs into each, or write .npz.',
      'same-rater':
        'Two results that differ are of one rater. Find out which counts, and leave the other out.',
      'study-missing': 'The `study.json` that results belong to is not beside them. Name it with `--study`.',
      'stdin-is-terminal':
        'An input should come from stdin, and nothing is piped in. Pipe a file in, or name one.',
      'stdin-not-taken':
        'The command reads files more than once, and stdin gives its bytes only once. Name a file.',
      'stdin-twice': 'stdin should be read twice. Name `-` once.',
      'stdout-conflict': 'Two kinds of output would go to stdout. Name a file with `-o`.',
      'stdout-is-terminal': 'Binary data would go to a terminal. Redirect stdout, or name a file with `-o`.',
      'unknown-category':
        'A category is none of the data set, the model or the index. Choose one of those that are named.',
      'unknown-codec': 'There is no codec of this name. Choose one of those that are named.',
      'unknown-option':
        'A call has no option of this name, or its options are no object. Choose a name that it has.',
      'unknown-metric': 'The task has no metric of this name. Choose one of those that are named.',
      // Those of the parser of the command line, reported with --json.
      conflictingOption: 'Two options exclude each other. Give one of them.',
      excessArguments: 'The command takes fewer inputs. Leave the last ones out.',
      help: 'The command needs a subcommand. Choose one of those that its help lists.',
      invalidArgument: 'The value of an option is none that it takes. The message says what it must be.',
      missingArgument: 'The command needs an input. Name one.',
      missingMandatoryOptionValue: 'The command needs an option. Give it.',
      optionMissingArgument: 'An option needs a value. Give one.',
      unknownCommand: 'There is no command of this name. `--help` lists them.',
      unknownOption: 'The command has no option of this name. `--help` lists them.',
    },
  },
  FormatError: {
    exitCode: 3,
    about: 'The bytes are wrong: damaged, cut short, or no .dicm file. Get another copy of the file.',
    codes: {
      'bad-annotations':
        "A list of images is unreadable or not in COCO's layout. Give one with images and categories.",
      'bad-length':
        'A section claims more bytes than there are, or a tile fewer than it needs. Get another copy.',
      'bad-shard': 'A shard of inputs is no tar file, or damaged. Get another copy.',
      'bad-signature':
        'The file does not begin as .dicm files do. Check that it is one, or get another copy.',
      'bad-results':
        'What is no line of dicm run results, or has nothing of which an index is made. The message says where; use dicm run add index.',
      'bad-table':
        'A list of files in CSV or Parquet cannot be read, or lacks the column that is asked for. The message says which it has.',
      'bad-study-file':
        'The file that should say what a study shows is none. Give the `study.json` that `dicm study make` wrote.',
      'bad-study-result':
        'The file is no result of a study, or one that was changed. The message says where. Give the file as the page saved or sent it.',
      'bad-tag': 'A section has a tag that is never used. Get another copy.',
      'bad-varint': 'A number is larger than the format allows. Get another copy.',
      'bad-version': 'The file claims a version that never existed. Get another copy.',
      'crc-mismatch': 'The checksum over the bytes does not hold. Get another copy.',
      'digest-mismatch':
        'The checksums of the file hold and its digest does not: someone changed it on purpose, or a program that does not know digests did. Get another copy, from where it was made.',
      'duplicate-section': 'A section occurs twice that may occur once. Write the file again.',
      'file-missing': 'There is no such file. Check the path.',
      'file-unreadable': 'The file cannot be read. Check its permissions.',
      'foreign-format':
        'The file is of another format, which the message names. Give that to a program that reads it.',
      'foreign-study-result': 'The result is one of another study. Analyse it with the `study.json` of that.',
      'index-damaged':
        'The index is damaged, or lacks what every index has. Index the files anew; they are not touched.',
      'integer-mismatch': 'The decoded integers are not those that were encoded. Get another copy.',
      'invalid-payload': 'A stream is none that an encoder writes. Get another copy.',
      'layer-order': 'Layers do not stand in the order of their profiles. Write the file again.',
      'misplaced-section':
        'The check of the first layer does not follow its last tile, or something follows a digest. Write the file again with a program that knows layers and digests.',
      'missing-prefix-check': 'A layer has no check of the first layer before it. Write the file again.',
      'missing-tile': 'A tile of the picture is missing. Get another copy.',
      'non-canonical-payload': 'A stream does not end as an encoder ends it. Get another copy.',
      'not-an-index': 'The file is no index of dicm. `dicm index` makes one.',
      'not-canonical': 'A field is not written in its shortest form. Write the file again.',
      'prefix-mismatch':
        'The check of the first layer does not hold. Get another copy, or write the file again with a program that knows layers.',
      'source-unreachable':
        'An input could not be read for reasons that may pass: the server does not answer, or takes too long. Try again.',
      'surplus-tile': 'The file has more tiles than its picture. Get another copy.',
      'text-damage':
        'The file was transferred as text, which changed its line ends. Transfer it again in binary mode.',
      'too-many-sections':
        'The file has more ancillary sections than the format allows. Write it again with fewer.',
      'trailing-bytes': 'Bytes follow the end of the file. Cut them off, or get another copy.',
      'trailing-payload': 'A stream goes on after its last symbol. Get another copy.',
      truncated: 'The file ends too early. Get the rest of it.',
      'truncated-payload': 'A stream ends before its symbols do. Get another copy.',
      'zero-size': 'The picture has no pixels. Get another copy.',
    },
  },
  ImageError: {
    exitCode: 3,
    about: 'An input picture cannot be read or decoded. Give another picture.',
    codes: {
      'already-dicm': 'The picture to encode is a .dicm file already. Analyse it, or give the photograph.',
      'bad-image':
        'The picture is damaged. Get another copy, or read what is there with `tolerateDamage` (`--tolerate-damage`).',
      'bad-pixmap':
        "Another codec's decoder wrote something that is no picture. Update or leave out that codec.",
      'empty-image': 'The picture has no bytes. Get another copy.',
      'encode-failed': 'Another codec cannot encode the picture at this setting. Choose another setting.',
      'file-missing': 'There is no such file. Check the path.',
      'file-unreadable': 'The file cannot be read. Check its permissions.',
      'not-a-map': 'An instance map does not have one channel of 8 bits. Write it as a grey picture.',
      'unsupported-image':
        'The picture is of a kind that is not read: HEIC, BMP, JPEG 2000, JPEG XL, raw files of cameras, TIFF with samples of ' +
        'an unusual kind. The message names it; convert it to PNG, TIFF or JPEG.',
      'not-an-image':
        'The file is no picture of a known kind. Give a JPEG, PNG, WebP, AVIF, TIFF or GIF file.',
    },
  },
  UnsupportedError: {
    exitCode: 4,
    about: 'The file is valid, but needs something this version does not have. Install a newer dicm.',
    codes: {
      'newer-index':
        'The index is of another version of its format. Install a newer dicm, or index the files anew.',
      'newer-version': 'The file is of a newer major version of the format. Install a newer dicm.',
      'reserved-bits': 'The file sets bits that this version has no meaning for. Install a newer dicm.',
      'unknown-profile': 'The file has a profile that this version does not know. Install a newer dicm.',
      'unknown-section': 'Decoding needs a section that this version does not know. Install a newer dicm.',
    },
  },
  OutputError: {
    exitCode: 5,
    about: 'Output cannot be written. Change the path, its permissions, or make room.',
    codes: {
      'cache-failed': "The benchmark's results cannot be kept. Check the folder of `--cache`.",
      'disk-full': 'The disk is full, or the quota used up. Make room.',
      'file-too-large': 'The file system takes no file of this size. Write elsewhere.',
      'index-busy': 'Another process is writing the index. Try again when it is done.',
      'output-bad-name': 'The name is too long. Choose a shorter one.',
      'output-closed': 'The reader of the output has gone away. Nothing to do if that was meant.',
      'output-denied': 'Writing there is not permitted. Change the permissions, or write elsewhere.',
      'output-exists': 'The output is there already. `-f` overwrites it.',
      'output-failed': 'Writing failed for the reason in the message.',
      'output-is-directory': 'The output is a folder. Name a file in it.',
      'output-no-folder': 'The folder of the output does not exist. Make it.',
    },
  },
  ModelError: {
    exitCode: 6,
    about: 'The model that a file or a user asks for is missing or damaged. Install the model.',
    codes: {
      'bad-classes': "The model's list of classes is unreadable or not complete. Install the model again.",
      'bad-manifest':
        "The model's manifest is unreadable, lacks something, or states what its tensors are not. Install the model again.",
      'bad-detector':
        "The detector cannot be read or is not laid out as YOLOX is. Give an ONNX file with YOLOX's input and output.",
      'bad-lpips':
        'The weights of LPIPS cannot be read, or are those of another network. Give a folder that holds `squeezenet1_1.safetensors` and `lpips_squeeze_v0.1_linear.safetensors`.',
      'bad-pixel-network':
        'The pixel network of your own cannot be read. Check the path; it is a safetensors file.',
      'bad-tables': "The model's entropy tables break the rules of the format. Install the model again.",
      'bad-tensor':
        'A tensor of the model does not have the type, shape or values that the network needs. Install the model again.',
      'bad-weights': "The model's weights are no usable safetensors files. Install the model again.",
      'missing-tensor': 'The model lacks a tensor that the network needs. Install the model again.',
      'model-damaged': 'The model is not the one its manifest describes. Install the model again.',
      'model-missing':
        'No installed model has this name or can read this file, or, in Python, its networks are not there as ONNX files. Install it, or name its folder in `$DICM_MODEL_PATH`; `dicm models export --onnx` writes the files.',
      'index-projection':
        'The index, or what it is compared with, was made with another model or projection, so their vectors say nothing about each other. Index the files anew with the model that is installed, or choose that of the index by `--model`.',
      'no-projection':
        'The model has no projection, by which pictures are compared in an index. Install a newer release of it.',
      'no-ranges':
        'The model does not say how its networks are rounded to 8 bits. Take precision `float`, or a newer release of it.',
      'no-heads': 'The model can only classify. Install a newer one of the same decode id.',
    },
  },
  BackendError: {
    exitCode: 6,
    about:
      'No executor works, or another package or service that is needed does not, or one failed. Install it, or choose another; `dicm doctor` says which executors work here.',
    codes: {
      'backend-disposed': 'The network was disposed of. Open it again.',
      'backend-failed': 'The executor reported an error. Choose another with `--backend`.',
      'backend-memory':
        'The executor cannot hold the picture. Choose another, or fit the picture to `--max-side`.',
      'bad-detections':
        'The detector gave values that are no finite numbers: the file was made to do that, or the executor fails.',
      'bad-embedding':
        'The tail gave values that are no finite numbers: the file was made to do that, or the executor fails.',
      'bad-features':
        'The synthesis gave features of a wrong size, or no finite numbers: choose another executor.',
      'bad-latent': 'The encoder gave a latent of a wrong size, or no numbers: choose another executor.',
      'bad-logits':
        'The classifier gave values that are no finite numbers: the file was made to do that, or the executor fails.',
      'bad-pixels':
        'The synthesis gave a picture of a wrong size, or no finite numbers: choose another executor.',
      'missing-package':
        'A package is not installed, or does not load here, that only this part needs. `npm install` of the one that is named brings it.',
      'no-backend': 'No executor can be opened; the message has the reason of each. Install one of them.',
      'no-image-library':
        'The image library, sharp, was left out or does not load here, so pictures can be neither read nor drawn; files can. ' +
        '`npm install --include=optional sharp` brings it.',
      'worker-lost':
        'The worker of a page in which the codec runs has ended, or could not be started. The next call starts a new one.',
      'no-page':
        'The page of `dicm view` was not built. Install dicm again; in a clone, `npm run build` makes it.',
      'non-finite-latent': 'The encoder gave a latent that is no finite number: choose another executor.',
      'program-failed':
        "Another codec's program failed. The message has its last words; update or leave out that codec.",
      'work-list-failed':
        'The work list cannot be opened or does not answer. The message has the reason; workers go on when they are started again.',
      'worker-failed':
        'No input can be worked on where the worker runs: job processes do not start, or outputs cannot be written. The message has the reason; what was not done went back to the list.',
    },
  },
  LimitError: {
    exitCode: 7,
    about:
      'A declared size exceeds what the caller allows. Raise the limit that is named, if the file is to be trusted.',
    codes: {
      'limit-exceeded':
        'Something is larger than a limit. `--limit NAME=NUMBER`, or `limits` of the library, raises it.',
    },
  },
  ResourceError: {
    exitCode: 7,
    about:
      'The machine has run out of something. Ask for less at once, or raise the limit that is named; no input is to blame.',
    codes: {
      'out-of-memory':
        'There is not enough memory. Fit pictures to fewer pixels with `maxSide` (`--max-side`), take fewer files at a time with ' +
        '`--jobs 1`, or lower `maxSourcePixels`, `maxHeldPixels` or `maxArrayBytes`, so that what is too large is refused.',
      'too-many-open-files':
        'Too many files are open, of this process (`ulimit -n`) or of the system (`fs.file-max`). Raise that limit, or take ' +
        'fewer files at a time with `--jobs 1`.',
      'too-many-threads':
        'No further thread or program can be started, for their number (`ulimit -u`) or for want of memory. Raise that limit, or ' +
        'take fewer files at a time with `--jobs 1` and `--threads 1`.',
    },
  },
} as const satisfies Readonly<Record<string, ErrorClassEntry>>;
